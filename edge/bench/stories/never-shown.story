title Never shows the face: locked in, two wrong codes, the right one opens
+1     enter anna with mask
by +5  see state checking
by +9  see state warned
by +25 see state locked
by +1  see door locked
by +10 see sms watchman code
+5     keys WRONG
by +3  see event wrong_code
+2     keys WRONG
by +3  see event wrong_code
+2     keys CODE
by +3  see state released
by +1  see door unlocked
+3     leave anna
by +10 see state vacant
