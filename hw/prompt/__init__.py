"""Words spoken or shown in the cabin."""
