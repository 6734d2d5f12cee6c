title Two persons: asked to come one at a time, never locked
+1      enter anna
by +5   see state checking
+1      enter george
by +20  see event several_persons
by +20  see state warned
by +2   see prompt one
by +20  see sms control_room persons
+30     leave george
+5      leave anna
by +15  see state vacant
never   see state locked
never   see door locked
