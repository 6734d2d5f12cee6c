title Three wrong codes of the owner: the card rests, a restart gives nothing back, nobody is held
set    identity.enabled=true
+1     enter anna
by +5  see state cleared
+2     claim george
by +20 see event identity_mismatch
+1     code
by +9  see sms owner code
+4     code WRONG
by +2  see event owner_code_wrong
by +9  see command tell identity_failed and see sms control_room
+2     code WRONG
by +2  see machine refused owner_code_wrong
+2     code WRONG
by +2  see event owner_code_over code_tries_used
by +2  see command say owner_no_code
+2     code
by +2  see machine refused card_rests
+3     restart
by +9  see state cleared
+2     claim george
by +20 see event identity_mismatch
+1     code
by +2  see machine refused card_rests
+5     leave anna
by +9  see state vacant
exactly 1 see sms owner code
never  see permit on
never  see state locked
never  see door locked
