"""Who there is and what they may do: users, groups, passwords, rights, what they typed."""
