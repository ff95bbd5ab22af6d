"""Tables: `content` decides what is in them, `formats` how that looks in TeX and HTML."""
