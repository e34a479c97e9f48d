"""What the PowerShell of a Windows user data sets: it is walked through, never run."""
