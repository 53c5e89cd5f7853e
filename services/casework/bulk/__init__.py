"""One command on many cases or customers: tried as a whole, and done one by one."""
