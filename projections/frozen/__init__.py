"""What was worked out of a long dossier, as bytes of which only what is asked for is read again.

`freeze` writes a graph of objects page by page; `thaw` gives it back at once, with a ghost in
place of each part and containers that read their pages when they are looked at. What a new event
does not touch stays bytes, so that a customer with a hundred thousand touchpoints is brought
back about as soon as one with a hundred.

A projection names its parts (objects that others point to) and which attributes grow with the
dossier: its anatomy. A list, dictionary, set or object that is neither, and that slots, entries
and attributes on two pages point to, would become two: that is refused. One that stands within
a tuple or another list is not looked for.
"""
