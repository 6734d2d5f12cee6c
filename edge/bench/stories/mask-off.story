title Masked, warned, the mask comes off, cleared
+1     enter anna with mask
by +5  see state checking
by +9  see state warned
by +1  see command say mask
+3     mask off
by +5  see state cleared
by +1  see permit on
+5     leave anna
by +8  see state vacant
never  see state locked
never  see door locked
