title The broker is away: the door does as ever, and what was said comes in order when it is back
set    mqtt.host=localhost
set    mqtt.tls=false
set    mqtt.site=town
set    mqtt.kiosk_id=cabin-1
by +5  see broker online
+1     broker down
by +5  see broker offline
+1     enter anna with mask
by +40 see state locked
by +1  see door locked
by +10 see sms watchman code
+5     panic press
by +3  see state released
+2     broker up
by +40 see broker online
by +5  see broker emergency panic
by +5  see broker alert incident_began
by +5  see broker alert locked
by +5  see broker alert released
+1     leave anna
by +20 see state vacant
by +20 see broker alert incident_ended
