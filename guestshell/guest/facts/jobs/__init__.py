"""What runs at set times: one module a scheduler, one row a job."""
