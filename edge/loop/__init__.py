"""Events to the table, its commands to the machine; owns no thread and no clock."""
