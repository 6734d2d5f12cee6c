title A photograph is held up: told to the control room, the permit stays, no lock
+1     enter anna
by +9  see state cleared
+1     photo held
by +40 see event still_picture
by +5  see command tell still_picture
+3     photo off
by +20 see event still_picture_ended
at most 2 see permit off
never  see state locked
never  see door locked
