"""What is written for Asterisk: built from the plan, swapped in whole, reloaded."""
