"""Everything that knows Asterisk: the AGI bridge, the manager link, and what is written for it."""
