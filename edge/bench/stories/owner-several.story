title Somebody joins: the claim is blocked, and the face is asked for again
set    identity.enabled=true
set    wiring.door.fitted=false
+1     enter anna
by +9  see state cleared
+2     claim anna
by +9  see event owner_same
by +1  see permit on
+2     enter george
by +9  see permit off and see state checking
+6     leave george
by +30 see state cleared and see machine permit off claim_wanted
by +15 see event owner_same and see permit on
+1     end
+1     leave anna
by +30 see state vacant
never  see state locked
