"""Files as a power cut must leave them: there whole or as they were before, and gone once they are wiped"""
