title The power fails between the owner's code and its entry: the claim is over, the tries stay
set    identity.enabled=true
+1     enter anna
by +5  see state cleared
+2     claim george
by +20 see event identity_mismatch
+1     code
by +9  see sms owner code
+4     code WRONG
by +2  see event owner_code_wrong
+1     code WRONG
by +2  see event owner_code_wrong
+1     power off
+5     power on
by +2  see event claim_ended_by_restart
by +9  see state cleared
by +5  see machine permit off claim_wanted
+2     code CODE
by +2  see machine refused no_claim
+1     claim george
by +20 see event identity_mismatch
+1     code CODE
by +2  see machine refused no_code_wanted
+1     code
by +9  see sms owner code
+4     code WRONG
by +2  see event owner_code_over code_tries_used
by +1  see machine refused code_tries_used
+2     leave anna
by +9  see state vacant
never  see permit on
exactly 2 see sms owner code
