"""What is kept: the only package that imports SQLAlchemy."""
