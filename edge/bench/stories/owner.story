title The card's owner shows the face, and the machine opens
set    identity.enabled=true
+1     enter anna
by +5  see state cleared
+2     claim anna
by +2  see event claim_made and see command say owner_face
by +18 see event owner_same
by +1  see permit on
+3     mask on
by +9  see permit off
+1     mask off
by +9  see state cleared
by +18 see event owner_same
by +1  see permit on
+2     end
by +1  see permit off
+1     leave anna
by +8  see state vacant
never  see state locked
never  see sms owner
