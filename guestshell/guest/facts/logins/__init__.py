"""Who logged in, as the records of logins tell."""
