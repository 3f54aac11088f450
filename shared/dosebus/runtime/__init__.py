"""A service is data (`service`); `run` hosts one in a process of its own, `host` several in one."""
