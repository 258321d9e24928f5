"""Floor 4: for tests. Clients of a server; only `server` starts one."""
