title No network takes the owner's code: the customer is told, and nothing else comes of it
set    identity.enabled=true
+0     modem mute on
+1     enter anna
by +5  see state cleared
+2     claim george
by +20 see event identity_mismatch
+1     code
by +70 see machine refused code_not_sent and see command say owner_code_not_sent
+2     leave anna
by +9  see state vacant
never  see sms owner
never  see permit on
never  see state locked
