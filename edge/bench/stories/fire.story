title Fire while locked: the door opens at once and nothing locks it again
set flow.fire_clear_s=60             # 600 as delivered
+1      enter anna with mask
by +40  see state locked
by +1   see door locked
+10     fire on
by +0.1 see state emergency
by +0.1 see door unlocked
+20     fire off
by +20  see state released
+5      leave anna
by +70  see state vacant
