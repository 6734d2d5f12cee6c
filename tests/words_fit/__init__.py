"""Short films of faces held askew, hidden or cut, played through the whole program: do the words fit?"""
