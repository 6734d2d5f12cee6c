title A skimmer is left on the machine: told within ten minutes, no lock
+1      front taught
+120    enter anna
by +10  see state checking
+20     front skimmer
+5      leave anna
by +15  see state vacant
by +600 see event front_changed
by +30  see command tell front_changed
never   see state locked
never   see door locked
