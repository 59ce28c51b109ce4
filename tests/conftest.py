from hypothesis import settings

# A shared machine is slow at times: what takes long is caught by pytest's time-out, not by an example's deadline.
settings.register_profile("aiguillage", deadline=None)
settings.load_profile("aiguillage")
