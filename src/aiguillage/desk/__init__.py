"""What people do, one file per deed; joins the core, the store and Asterisk."""
