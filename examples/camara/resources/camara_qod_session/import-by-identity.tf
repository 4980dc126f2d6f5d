import {
  to = camara_qod_session.robot
  identity = {
    session_id = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
  }
}
