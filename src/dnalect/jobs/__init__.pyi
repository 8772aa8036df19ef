from .benchmark.learners import Folders as Folders
from .benchmark.run import predictions as predictions
from .benchmark.suite import Suite as Suite
from .benchmark.suite import TaskSpec as TaskSpec
from .benchmark.suite import read_suite as read_suite
from .benchmark.tasks import Task as Task
from .discover.tuned import tuned_chances as tuned_chances
