title Two persons: asked to come one at a time, never locked
+1      enter anna
by +5   see state checking
+1      enter george
by +20  see event several_persons
by +20  see state warned
by +2   see command say one_at_a_time
by +20  see command tell several_persons
+30     leave george
+5      leave anna
by +15  see state vacant
never   see state locked
never   see door locked
