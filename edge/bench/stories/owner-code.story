title Somebody else with the card; the owner's code opens, once
set    identity.enabled=true
+1     enter anna
by +5  see state cleared
+2     claim george
by +20 see event identity_mismatch
by +1  see command say owner_not_known
+1     code
by +9  see sms owner code
by +3  see command say owner_code_sent
+4     code CODE
by +2  see event owner_code_right
by +1  see permit on
+2     code CODE
by +2  see machine refused no_code_wanted
+1     end
by +1  see permit off
+1     leave anna
by +9  see state vacant
exactly 1 see sms owner code
exactly 1 see permit on
never  see command tell identity_failed
never  see state warned
