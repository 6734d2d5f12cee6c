title A photograph of the owner is held up: it is never the owner
set    identity.enabled=true
+1     enter george
+0     photo held george
+6     claim george
by +25 see event identity_timeout
by +2  see command say owner_not_known
+2     photo off
+2     leave george
by +15 see state vacant
never  see event owner_same
never  see permit on
