title The card's owner comes masked: asked to uncover first, then known
set    identity.enabled=true
+1     enter anna with mask
by +5  see state checking
+1     claim anna
by +9  see state warned
by +1  see command say mask
+2     mask off
by +9  see state cleared
by +9  see event owner_same
by +1  see permit on
+1     end
+1     leave anna
by +15 see state vacant
never  see event identity_timeout
never  see state locked
