"""What holds for the tests of all packages: no test fails because the machine was busy."""

from hypothesis import HealthCheck, settings

# Both are measures of time, which tells of the machine, not of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")
