from django.db import models


class Booking(models.Model):
    name = models.CharField(max_length=80)
    picture = models.FileField(upload_to="pictures", blank=True)

    def __str__(self):
        return self.name
