title The camera dies while a person is being checked: told, never locked
+1      enter anna with mask
by +5   see state checking
+1      camera dies
by +10  see event camera_gone
+30     camera comes back
by +5   see event camera_ok
+5      mask off
by +10  see state cleared
+3      leave anna
by +10  see state vacant
never   see state locked
