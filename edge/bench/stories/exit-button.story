title The exit button while locked: the person inside can always leave
+1      enter anna with mask
by +40  see state locked
by +1   see door locked
+10     exit on
by +0.1 see state emergency
by +0.1 see door unlocked
+1      exit off
+1      leave anna
by +20  see state released
by +15  see state vacant
