title The owner's face is not shown in time, then masked, then bare
set    identity.enabled=true
set    identity.verify_s=10
+1     enter anna
by +5  see state cleared
+1     turn away
+1     claim anna
by +12 see event identity_timeout
by +1  see command say owner_not_known
+1     turn front
+1     mask on
by +9  see state checking
+1     claim anna
by +9  see command say mask
+1     mask off
by +9  see state cleared
by +9  see event owner_same
by +1  see permit on
+1     end
+1     leave anna
by +9  see state vacant
exactly 1 see event identity_timeout
never  see command tell identity_failed
never  see state locked
