title Warned, and leaves: nothing is locked
+1      enter anna with mask
by +15  see state warned
+4      leave anna
by +10  see state vacant
never   see state locked
