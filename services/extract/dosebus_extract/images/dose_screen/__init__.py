"""CT dose screens of devices that send no dose report: the figures stand only in the pixels."""
