title Somebody is removed while their card is in the machine, and enrolled again
set    identity.enabled=true
+1     enter anna
by +5  see state cleared
+2     claim anna
by +9  see permit on
+1     card anna removed
by +3  see event claim_over not_enrolled
by +1  see permit off
+2     claim anna
by +2  see machine refused not_enrolled
+2     card anna enrolled
+2     claim anna
by +9  see permit on
+1     machine cut
by +9  see permit off
+1     machine back
+1     leave anna
by +9  see state vacant
exactly 2 see event claim_made
never  see sms owner
