"""A service is data; `run` hosts one in a container, `Host` several in one process."""

from dosebus.runtime.host import Host
from dosebus.runtime.run import run
from dosebus.runtime.service import Context, Every, Service, Task

__all__ = ["Context", "Every", "Host", "Service", "Task", "run"]
