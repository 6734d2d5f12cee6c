title The plug is pulled while locked: locked again after, with a fresh code
+1      enter anna with mask
by +40  see state locked
by +10  see sms watchman code 1 of 5
+20     power off
+30     power on
by +15  see door locked
by +10  see sms watchman code 1 of 5
+5      keys CODE
by +3   see state released
by +1   see door unlocked
+3      leave anna
+8      door open                    # whoever was there when it started is part of its picture:
+2      door closed                  # the guard looks in before it believes that nobody is
by +10  see state vacant
