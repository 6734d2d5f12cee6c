title The plug is pulled while locked: locked again after, with a fresh code
+1      enter anna with mask
by +40  see state locked
by +10  see sms watchman code
+20     power off
+30     power on
by +30  see door locked
by +10  see sms watchman code
+5      keys CODE
by +3   see state released
by +1   see door unlocked
+3      leave anna
by +15  see state vacant
