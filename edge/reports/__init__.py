"""An incident, a day or a month as people read it, made from the record alone"""
