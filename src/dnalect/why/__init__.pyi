from .nulls import shuffled as shuffled
from .subject import Subject as Subject
from .views import VIEWS as VIEWS
from .views import views_of as views_of
