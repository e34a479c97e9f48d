"""What a shell script in user data writes: it is walked through, never run."""
