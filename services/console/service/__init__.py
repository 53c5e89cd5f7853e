"""How departments served: deadlines kept, hand-overs, first contact, time, and satisfaction."""
