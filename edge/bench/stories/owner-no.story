title The owner answers NO: the claim is over and the control room knows
set    identity.enabled=true
set    wiring.customer_keypad.fitted=true
+1     enter anna
by +5  see state cleared
+2     claim george
by +20 see event identity_mismatch
+1     pad ASK
by +9  see sms owner code
+4     sms from owner NO
by +9  see event claim_over owner_said_no
by +9  see command tell owner_said_no and see sms control_room
+1     pad CODE
+3     claim george
by +20 see event identity_mismatch
+1     pad ASK
by +3  see machine refused card_rests
+2     leave anna
by +9  see state vacant
never  see permit on
