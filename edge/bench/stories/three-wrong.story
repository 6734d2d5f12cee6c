title Three wrong codes close the keypad; a new code opens
+1      enter anna with mask
by +40  see state locked
by +10  see sms watchman code
+3      keys WRONG
by +3   see event wrong_code
+2      keys WRONG
by +3   see event wrong_code
+2      keys WRONG
by +5   see command tell keypad_lockout
+5      keys CODE                     # refused: the keypad is closed
by +3   see event keypad_closed
by +100 see sms watchman code
+5      keys CODE
by +3   see state released
by +1   see door unlocked
+3      leave anna
by +10  see state vacant
