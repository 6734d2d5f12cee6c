title A customer shows the face and may use the machine
+1     enter anna
by +5  see state checking
by +5  see state cleared
by +1  see permit on
+10    leave anna
by +8  see state vacant
never  see state warned
never  see state locked
