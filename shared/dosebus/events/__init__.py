"""Events that travel between the services, one module per publishing or commanded service."""
