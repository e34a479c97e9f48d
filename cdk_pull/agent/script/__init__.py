"""Walks through the scripts of user data: bash and PowerShell, never run."""
