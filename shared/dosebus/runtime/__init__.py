"""A Service is data; the runtime hosts it."""

from dosebus.runtime.host import Host
from dosebus.runtime.run import run
from dosebus.runtime.service import Context, Every, Service, ServiceHealth, Task

__all__ = ["Context", "Every", "Host", "Service", "ServiceHealth", "Task", "run"]
