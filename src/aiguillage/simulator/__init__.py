"""A simulated trunk and simulated phones that place and take real SIP calls, for demo and tests."""
