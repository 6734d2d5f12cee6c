title The modem is dead: no code arrives, the door opens by itself
+0      modem mute on
+1      enter anna with mask
by +40  see state locked
by +1   see door locked
by +185 see state released
by +1   see door unlocked
+3      leave anna
by +10  see state vacant
